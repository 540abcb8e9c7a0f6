import tokens from "./tokens.json";

export type ThemeName = "light" | "dark";
export type SeriesRole = keyof typeof tokens.series.light;

/** Colours of several models on one chart, in the order in which they are given out. */
export const MODEL_ROLES = ["model", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"] as const;

export function colours(theme: ThemeName): typeof tokens.light {
  return tokens[theme];
}

export function seriesColours(theme: ThemeName): Record<SeriesRole, string> {
  return tokens.series[theme];
}

export function modelColour(theme: ThemeName, position: number): string {
  return tokens.series[theme][MODEL_ROLES[position % MODEL_ROLES.length] ?? "model"];
}

/** The tokens as CSS custom properties: one block for each theme and one that both share. */
export function customProperties(): string {
  const block = (selector: string, values: Record<string, string>, prefix: string): string =>
    `${selector}{${Object.entries(values)
      .map(([name, value]) => `--${prefix}${name}:${value}`)
      .join(";")}}`;
  return [
    block(":root", tokens.light, ""),
    block("html.dark", tokens.dark, ""),
    block(":root", tokens.series.light, "series-"),
    block("html.dark", tokens.series.dark, "series-"),
    block(":root", tokens.space, "space-"),
    block(":root", tokens.type, "type-"),
    block(":root", tokens.radius, "radius-"),
  ].join("\n");
}

export default tokens;
