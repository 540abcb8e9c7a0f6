import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { defineComponent, h } from "vue";

import { signIn } from "@/api/client";
import { ApiProblem, explain, isAbsent, ServiceAway } from "@/api/problems";
import { lazyComponent } from "@/components/lazyComponent";
import ProblemNotice from "@/components/ProblemNotice.vue";
import { i18n, setLanguage } from "@/i18n";
import en from "@/i18n/en";
import { useConnection } from "@/stores/connection";
import { isLoadError, loadStylesAgain } from "@/utils/loading";

const missing = new TypeError("Failed to fetch dynamically imported module: http://localhost/assets/part.js");
const Part = defineComponent({ render: () => h("p", "the part") });

function answerWith(status: number | "away"): void {
  vi.stubGlobal("fetch", () => (status === "away" ? Promise.reject(new TypeError("network")) : Promise.resolve(new Response("{}", { status }))));
}

function open(loader: () => Promise<{ default: typeof Part }>) {
  const part = lazyComponent(loader);
  return mount({ render: () => h("div", [h(part)]) }, { global: { plugins: [i18n], config: { errorHandler: () => undefined } } });
}

beforeEach(async () => {
  await setLanguage("en");
  setActivePinia(createPinia());
});

describe("a part that is loaded later", () => {
  it("waits for a service that is away, and is there when it is back", async () => {
    answerWith("away");
    const loader = vi.fn(() => Promise.resolve({ default: Part, __esModule: true })).mockRejectedValueOnce(missing);
    const part = open(loader);
    await flushPromises();
    expect(useConnection().isAway).toBe(true);
    expect(part.text()).not.toContain("the part");
    useConnection().answered();
    await vi.waitFor(() => {
      expect(part.text()).toBe("the part");
    });
  });

  it("is asked for once more where the service answers, and then a notice offers to load the page again", async () => {
    answerWith(200);
    const loader = vi.fn(() => Promise.reject<{ default: typeof Part }>(missing));
    const part = open(loader);
    await flushPromises();
    expect(loader).toHaveBeenCalledTimes(2);
    expect(part.text()).toContain(en.common.error.part);
    expect(part.find("[data-test=reload]").exists()).toBe(true);
  });

  it("gets its style sheet again, and no other", () => {
    document.head.innerHTML = '<link rel="stylesheet" id="lost"><link rel="stylesheet" id="there">';
    const [lost, there] = document.head.querySelectorAll("link");
    lost?.dispatchEvent(new Event("error"));
    loadStylesAgain();
    expect(document.head.querySelector("#lost")).not.toBe(lost);
    expect(document.head.querySelector("#there")).toBe(there);
    expect(document.head.querySelectorAll("link")).toHaveLength(2);
  });

  it("is told from a defect of the page in every browser", () => {
    const texts = [
      "Unable to preload CSS for /assets/a.css",
      "error loading dynamically imported module: x",
      "Importing a module script failed.",
      missing.message,
    ];
    expect(texts.map((text) => isLoadError(new Error(text)))).toEqual([true, true, true, true]);
    expect([isLoadError(new TypeError("x is undefined")), isLoadError("text")]).toEqual([false, false]);
    expect(explain(missing).title).toEqual({ text: en.common.error.part, isEnglish: false });
  });
});

describe("a problem", () => {
  it("of a request that is not repeated does not promise to be", () => {
    const notice = mount(ProblemNotice, { props: { error: new ServiceAway(), away: "Send it again." }, global: { plugins: [i18n] } });
    expect(notice.text()).toContain("Send it again.");
    expect(notice.text()).not.toContain(en.common.away.text);
    expect(notice.find("[data-test=reload]").exists()).toBe(false);
  });

  it("ends the questions only where the service says that there is nothing", () => {
    const problem = (status: number) => new ApiProblem({ status, code: "not-found", detail: "" });
    expect([problem(404), problem(500), new ServiceAway(), null].map(isAbsent)).toEqual([true, false, false, false]);
  });

  it("of a token is told from one of the service", async () => {
    answerWith(401);
    expect(await signIn("wrong")).toBe(false);
    answerWith(429);
    await expect(signIn("any")).rejects.toBeInstanceOf(ApiProblem);
    answerWith("away");
    await expect(signIn("any")).rejects.toBeInstanceOf(ServiceAway);
    answerWith(200);
    expect(await signIn("right")).toBe(true);
  });
});
