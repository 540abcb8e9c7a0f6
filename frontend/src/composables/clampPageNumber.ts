import type { Ref } from "vue";
import { watch } from "vue";

/** Go back to the last page of a list that has become shorter, which otherwise would look empty. */
export function clampPageNumber(page: Ref<number>, total: () => number | undefined, perPage: number): void {
  watch(
    [page, total],
    ([current, entries]) => {
      if (entries !== undefined) page.value = Math.min(current, Math.max(1, Math.ceil(entries / perPage)));
    },
    { immediate: true },
  );
}
