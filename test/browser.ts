/** A real Chromium for tests, from an npm package: headless, with its own fonts and locale, every security rule of the web in force. */
import chromiumPackage from '@sparticuz/chromium';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

/** Flags of the package that are for functions in a cloud: one process for everything, and no same-origin policy. */
const notForUs = ['--single-process', '--no-zygote', '--disable-web-security', '--allow-running-insecure-content'];

/** How long the browser may take to start, and a page for what a test asks of it: the machine may be busy. */
const patienceMs = 120_000;

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await chromiumPackage.executablePath(),
    args: chromiumPackage.args.filter((flag) => !notForUs.includes(flag)),
    headless: true,
    timeout: patienceMs,
  });
}

export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors thrown in the page, refusals by the content security policy, and scripts that should never have run. */
  readonly alarms: string[];
  /** `METHOD path` of every request to the API so far. */
  readonly requests: string[];
}

/** A page of its own whose misbehaviour is collected; close its context when done. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: 'en-US',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  const alarms: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => alarms.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    alarms.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) alarms.push(`policy: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname.includes('/api/v1/')) requests.push(`${request.method()} ${pathname}`);
  });
  return { page, context, alarms, requests };
}
