import type { WritableComputedRef } from "vue";
import { computed, nextTick } from "vue";
import type { RouteLocationMatched, RouteLocationNormalized, Router } from "vue-router";
import { useRoute, useRouter } from "vue-router";

type Page = RouteLocationMatched | undefined;
let waiting: Record<string, string | string[] | undefined> | null = null;
/** The location to which each router is going; the code of the next page may take long to load. */
const destinations = new WeakMap<Router, RouteLocationNormalized | null>();

/** The router; from the first call on, `destinations` records where it is going. */
function useFollowedRouter(): Router {
  const router = useRouter();
  if (destinations.has(router)) return router;
  destinations.set(router, null);
  const end = (to: RouteLocationNormalized): void => {
    if (destinations.get(router) === to) destinations.set(router, null);
  };
  router.beforeEach((to) => void destinations.set(router, to));
  router.afterEach(end);
  router.onError((_error, to) => {
    end(to);
  });
  return router;
}

/** The location to which the router is going, or else the shown one; null if it is going to another page. */
function stayingAt(router: Router): RouteLocationNormalized | null {
  const shown = router.currentRoute.value;
  const next = destinations.get(router) ?? shown;
  return next.path === shown.path ? next : null;
}

/**
 * Several values that change together become one navigation, so that none of them is lost. A value that arrives when
 * another page than the page of its form is shown, or is loaded, is left out of the address: to write it would cancel
 * the navigation to the other page.
 */
function write(router: Router, page: Page, name: string, value: string | string[] | undefined): void {
  if (stayingAt(router)?.matched.at(-1) !== page) return;
  if (waiting === null) {
    waiting = {};
    void nextTick(() => {
      const at = stayingAt(router);
      const query = { ...at?.query, ...waiting };
      waiting = null;
      if (at) void router.replace({ query, hash: at.hash });
    });
  }
  waiting[name] = value;
}

/** A text in the query of the address, so that a link shows the same view; the default is left out of the address. */
export function useUrlText<T extends string>(name: string, fallback: T, allowed?: readonly T[]): WritableComputedRef<T> {
  const route = useRoute();
  const router = useFollowedRouter();
  const page = route.matched.at(-1);
  return computed<T>({
    get: () => {
      const value = route.query[name];
      if (typeof value !== "string") return fallback;
      return allowed === undefined || (allowed as readonly string[]).includes(value) ? (value as T) : fallback;
    },
    set: (value) => {
      write(router, page, name, value === fallback ? undefined : value);
    },
  });
}

export function useUrlNumber(name: string, fallback: number): WritableComputedRef<number> {
  const text = useUrlText<string>(name, "");
  return computed<number>({
    get: () => (text.value !== "" && Number.isFinite(Number(text.value)) ? Number(text.value) : fallback),
    set: (value) => {
      text.value = value === fallback ? "" : String(value);
    },
  });
}

/** Several texts, such as the identifiers of the compared models. */
export function useUrlTexts(name: string): WritableComputedRef<string[]> {
  const route = useRoute();
  const router = useFollowedRouter();
  const page = route.matched.at(-1);
  return computed<string[]>({
    get: () => {
      const value = route.query[name];
      return (Array.isArray(value) ? value : [value]).filter((text): text is string => typeof text === "string");
    },
    set: (values) => {
      write(router, page, name, values.length > 0 ? values : undefined);
    },
  });
}
