import { expect, it } from "vitest";
import { nextTick } from "vue";

import { useDraft } from "@/composables/useDraft";

it("a form keeps what was typed into it when another tab stores its own", async () => {
  const { draft } = useDraft("tabs", () => ({ horizon: "" }));
  draft.value.horizon = "24";
  await nextTick();
  const key = "timevis-draft-tabs";
  expect(localStorage.getItem(key)).toBe('{"horizon":"24"}');
  const stored = { key, oldValue: '{"horizon":"24"}', newValue: '{"horizon":"96"}', storageArea: localStorage };
  window.dispatchEvent(new StorageEvent("storage", stored));
  await nextTick();
  expect(draft.value.horizon).toBe("24");
});
