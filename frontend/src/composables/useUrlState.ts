import type { WritableComputedRef } from "vue";
import { computed, nextTick } from "vue";
import type { RouteLocationMatched, Router } from "vue-router";
import { useRoute, useRouter } from "vue-router";

type Page = RouteLocationMatched | undefined;
const asList = (value: unknown): string => JSON.stringify([value ?? []].flat());
let waiting: Record<string, string | string[] | undefined> | null = null;

/**
 * Several values that change together become one navigation, so that none of them is lost. A value that arrives when
 * another page than the page of its form is shown is left out of the address. A value that the address has already
 * starts no navigation, which would cancel a navigation to another page that has not ended.
 */
function write(router: Router, page: Page, name: string, value: string | string[] | undefined): void {
  const { matched, query: shown } = router.currentRoute.value;
  if (matched.at(-1) !== page) return;
  if (waiting === null && asList(shown[name]) === asList(value)) return;
  if (waiting === null) {
    waiting = {};
    void nextTick(() => {
      const query = { ...router.currentRoute.value.query, ...waiting };
      waiting = null;
      void router.replace({ query, hash: router.currentRoute.value.hash });
    });
  }
  waiting[name] = value;
}

/** A text in the query of the address, so that a link shows the same view; the default is left out of the address. */
export function useUrlText<T extends string>(name: string, fallback: T, allowed?: readonly T[]): WritableComputedRef<T> {
  const route = useRoute();
  const router = useRouter();
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
  const router = useRouter();
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
