import type en from "./en";

/** The shape that every language fills: the shape of the English texts, with any text at its ends. */
type Texts<T> = { [K in keyof T]: T[K] extends string ? string : Texts<T[K]> };

/** Dotted paths of all texts, for example `tasks.state.running`. */
type Paths<T> = {
  [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}`;
}[keyof T & string];

export type Words = Texts<typeof en>;
export type WordKey = Paths<typeof en>;

/** Makes a file of another language complete at compile time. */
export type Area<K extends keyof typeof en> = Texts<(typeof en)[K]>;
