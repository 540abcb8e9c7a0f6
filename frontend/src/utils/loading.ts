const MESSAGES = /dynamically imported module|module script failed|preload CSS|JavaScript MIME type/i;

/** Whether a file of the page did not arrive: the service is away, or it was updated while the page was open. */
export function isLoadError(error: unknown): boolean {
  return error instanceof Error && MESSAGES.test(error.message);
}

const failed = new Set<HTMLLinkElement>();

/** Errors of links do not bubble, so they are heard on their way down. */
window.addEventListener(
  "error",
  ({ target }) => {
    if (target instanceof HTMLLinkElement && target.rel === "stylesheet") failed.add(target);
  },
  true,
);

/** Ask again for the style sheets that did not arrive: the loader of Vite asks for each only once. */
export function loadStylesAgain(): void {
  for (const link of failed) link.replaceWith(link.cloneNode());
  failed.clear();
}
