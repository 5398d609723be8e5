/** Mounts what is near the viewport and forgets what is far away, so that a thousand charts cost as much as a dozen. */
import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const callbacks = new WeakMap<Element, (near: boolean) => void>();
let observer: IntersectionObserver | undefined;

function shared(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) callbacks.get(entry.target)?.(entry.isIntersecting);
    },
    { rootMargin: '300px 0px' },
  );
  return observer;
}

export function useNearViewport(element: RefObject<HTMLElement | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const target = element.current;
    if (target === null) return undefined;
    callbacks.set(target, setNear);
    shared().observe(target);
    return () => {
      shared().unobserve(target);
      callbacks.delete(target);
    };
  }, []);
  return near;
}
