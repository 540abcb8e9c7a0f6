import { expect, it } from "vitest";
import { nextTick, ref } from "vue";

import { clampPageNumber } from "@/composables/clampPageNumber";

it("a list that becomes shorter is shown from its last page", async () => {
  const page = ref(3);
  const total = ref<number | undefined>(undefined);
  clampPageNumber(page, () => total.value, 20);
  expect(page.value).toBe(3);
  total.value = 41;
  await nextTick();
  expect(page.value).toBe(3);
  total.value = 20;
  await nextTick();
  expect(page.value).toBe(1);
  total.value = 0;
  await nextTick();
  expect(page.value).toBe(1);
});
