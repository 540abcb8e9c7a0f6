import type { SOURCE_KINDS } from "./source";

/** What was typed into the form for one model: where its rows come from, and pasted rows. */
export interface Typed {
  kind: (typeof SOURCE_KINDS)[number];
  text: string;
}

/** By identifier of the first chosen model, or by method; "" while no model is chosen. */
export type TypedRows = Record<string, Typed>;

const MAX_KEPT = 5;

export function typedFor(rows: TypedRows, owner: string): Typed {
  return rows[owner] ?? { kind: "newest", text: "" };
}

/** The rows with the rows of one model changed; only the last few models are kept. */
export function withTyped(rows: TypedRows, owner: string, typed: Typed): TypedRows {
  const others = Object.entries(rows).filter(([name]) => name !== owner);
  return Object.fromEntries([...others.slice(-(MAX_KEPT - 1)), [owner, typed]]);
}

/** Rows that were typed before a model was chosen belong to the model that is chosen then. */
export function handedOver(rows: TypedRows, before: string, now: string): TypedRows {
  const typed = rows[""];
  if (before !== "" || now === "" || typed === undefined) return rows;
  const others = Object.fromEntries(Object.entries(rows).filter(([name]) => name !== ""));
  return typedFor(rows, now).text === "" ? withTyped(others, now, typed) : rows;
}
