import { useIntersectionObserver } from "@vueuse/core";
import type { MaybeRefOrGetter, Ref } from "vue";
import { ref, toValue } from "vue";

/** Whether a part of the page has come near the window, so that what it shows is loaded only then. */
export function useNear(element: MaybeRefOrGetter<HTMLElement | null>): Readonly<Ref<boolean>> {
  const isNear = ref(false);
  const { stop } = useIntersectionObserver(
    () => toValue(element),
    ([entry]) => {
      if (!entry?.isIntersecting) return;
      isNear.value = true;
      stop();
    },
    { rootMargin: "400px" },
  );
  return isNear;
}
