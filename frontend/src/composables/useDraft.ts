import { useStorage } from "@vueuse/core";
import type { Ref } from "vue";
import { computed } from "vue";

/**
 * What a person typed into a form, kept in this browser until it is sent. A key that the stored draft lacks, because
 * the form is newer, gets its default. The same form in another tab does not change this one.
 */
export function useDraft<T extends object>(
  form: string,
  defaults: () => T,
): {
  draft: Ref<T>;
  isChanged: Readonly<Ref<boolean>>;
  clear: () => void;
} {
  const options = { mergeDefaults: true, deep: true, listenToStorageChanges: false };
  const draft = useStorage<T>(`timevis-draft-${form}`, defaults(), localStorage, options);
  return {
    draft,
    isChanged: computed(() => JSON.stringify(draft.value) !== JSON.stringify(defaults())),
    clear: () => {
      draft.value = defaults();
    },
  };
}
