import createClient from "openapi-fetch";

import { useConnection } from "@/stores/connection";

import { problemOf, ServiceAway } from "./problems";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

const GATEWAY_STATUSES = [502, 504];

/**
 * The one way to the service. A call resolves with the data of a 2xx answer, and throws `ApiProblem` for any other
 * answer and `ServiceAway` if the service does not answer.
 */
export const api = createClient<paths>({ baseUrl: serviceUrl("").replace(/\/$/, ""), fetch: send });

/** The address of a path of the service, such as `api/stats`, which may be below a path of a proxy. */
export function serviceUrl(path: string): string {
  return new URL(path, document.baseURI).href;
}

async function send(request: Request): Promise<Response> {
  const connection = useConnection();
  let response: Response;
  try {
    response = await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    connection.lost();
    throw new ServiceAway();
  }
  if (GATEWAY_STATUSES.includes(response.status)) {
    connection.lost();
    throw new ServiceAway();
  }
  connection.answered();
  // Health answers 503 with a body that says which part does not work.
  if (response.ok || (response.status === 503 && request.url === serviceUrl("api/health"))) return response;
  const problem = await problemOf(response);
  if (problem.body.status === 401) connection.access = "refused";
  throw problem;
}

/** The data of a call; the client throws for every answer without data. */
export function dataOf<T>(result: { data?: T }): T {
  return result.data as T;
}

/** Whether the service answers at this moment; the banner says so where it does not. */
export async function serviceAnswers(): Promise<boolean> {
  return api.GET("/api/health").then(
    () => true,
    (error: unknown) => !(error instanceof ServiceAway),
  );
}

/** Exchange a token for the cookie of the service. Returns whether the service accepts it. */
export async function signIn(token: string): Promise<boolean> {
  const response = await fetch(`${serviceUrl("api/stats")}?${new URLSearchParams({ token }).toString()}`).catch(() => null);
  if (response === null || GATEWAY_STATUSES.includes(response.status)) throw new ServiceAway();
  if (response.ok) useConnection().access = "granted";
  else if (response.status !== 401) throw await problemOf(response);
  return response.ok;
}
