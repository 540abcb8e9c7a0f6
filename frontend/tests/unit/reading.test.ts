import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { api } from "@/api/client";
import { ApiProblem } from "@/api/problems";
import { datasetOf } from "@/api/reading";

type Answer = Parameters<typeof datasetOf>[0];

const task = { id: "1".repeat(32), kind: "read", state: "queued", error: null, advice: null, result: {} };
const dataset = { id: "2".repeat(32), name: "plant" };

/** Let the service answer with these states of the task, one after the other, and with the dataset. */
function answerWith(...states: object[]): void {
  vi.spyOn(api, "GET").mockImplementation(((path: string) =>
    Promise.resolve({ data: path.startsWith("/api/tasks") ? { ...task, ...states.shift() } : dataset })) as never);
}

describe("a file that is read by a task", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it("gives its dataset when the task has ended", async () => {
    answerWith({ state: "running" }, { state: "completed", result: { dataset: dataset.id, is_new: false } });
    const found = datasetOf(task as unknown as Answer);
    await vi.runAllTimersAsync();
    expect(await found).toEqual({ ...dataset, is_new: false });
    expect(await datasetOf(dataset as unknown as Answer)).toBe(dataset);
  });

  it("gives the problem of a request whose file cannot be read", async () => {
    const problem = { status: 422, code: "invalid-request", pointer: "/file" };
    answerWith({ state: "failed", error: "row 3 is damaged", error_code: { code: "damaged", params: {} }, result: { problem } });
    const found = datasetOf(task as unknown as Answer).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    const error = (await found) as ApiProblem;
    expect(error).toBeInstanceOf(ApiProblem);
    expect(error.body).toMatchObject({ status: 422, detail: "row 3 is damaged", errors: [{ pointer: "/file", code: "damaged" }] });
  });
});
