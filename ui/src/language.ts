/** A browser under a POSIX locale calls its language `en-US@posix`, which Intl refuses and the chart library passes to it as it comes. */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true });
}
