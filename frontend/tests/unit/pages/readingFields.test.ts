import { QueryClient, VueQueryPlugin } from "@tanstack/vue-query";
import { flushPromises, mount } from "@vue/test-utils";
import { createPinia } from "pinia";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { i18n, setLanguage } from "@/i18n";
import ReadingFields from "@/pages/data/ReadingFields.vue";

const shape = { kind: "", nullable: true, default: null, minimum: null, maximum: null };
const options = [
  { ...shape, name: "decimal", type: "choice", choices: ["point", "comma"], help: "Decimal mark." },
  { ...shape, name: "comment_mark", type: "choice", choices: ["hash", "semicolon"], help: "Character before a comment." },
  { ...shape, name: "skipped_columns", type: "list", choices: [], help: "Columns that are not read." },
];

beforeEach(async () => {
  await setLanguage("en");
  vi.spyOn(Intl, "supportedValuesOf").mockReturnValue(["Europe/Berlin"]); // of hundreds, which take seconds to mount
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(options))));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it("the form of a file has a field for every option that the service lists, also for one without words", async () => {
  const plugins = [createPinia(), i18n, [VueQueryPlugin, { queryClient: new QueryClient() }]] as never[];
  const form = mount(ReadingFields, { props: { modelValue: { decimal: "comma" } }, global: { plugins } });
  await vi.waitFor(async () => {
    await flushPromises();
    expect(form.findAll("[data-option]").map((field) => field.attributes("data-option"))).toEqual(options.map(({ name }) => name));
  });
  expect(form.get("[data-option=decimal]").text()).toContain("Decimal mark");
  expect(form.get("[data-option=comment_mark]").text()).toContain("Character before a comment.");
  await form.get("[data-option=skipped_columns] input").setValue("note; id");
  expect(form.emitted("update:modelValue")?.at(-1)).toEqual([{ decimal: "comma", skipped_columns: "note; id" }]);
  await form.get("[data-option=skipped_columns] input").setValue("");
  expect(form.emitted("update:modelValue")?.at(-1)).toEqual([{ decimal: "comma" }]);
  form.unmount();
}, 20_000);
