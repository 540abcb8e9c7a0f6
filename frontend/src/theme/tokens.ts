import shared from "@report/tokens.json";

export type ThemeName = "light" | "dark";

/** Colours of several models on one chart, in the order in which they are given out. */
export const MODEL_ROLES = ["model", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"] as const;
export type SeriesRole = (typeof MODEL_ROLES)[number] | "naive" | "truth" | "context" | "guide";

/** A mix of two colours written as `#rrggbb`; `share` is the share of the second one. */
export function mix(first: string, second: string, share: number): string {
  const channel = (colour: string, at: number): number => Number.parseInt(colour.slice(at, at + 2), 16);
  return `#${[1, 3, 5]
    .map((at) => Math.round(channel(first, at) * (1 - share) + channel(second, at) * share))
    .map((value) => value.toString(16).padStart(2, "0"))
    .join("")}`;
}

const PAGE = { light: { onAccent: "#ffffff", sunken: 0.045 }, dark: { onAccent: "#0c1620", sunken: 0.25 } } as const;

/**
 * The colours of report.html in the roles of the page: where the report is a white sheet with grey insets, the page is a
 * grey ground with white cards.
 */
function tone(theme: ThemeName) {
  const report = shared.colour[theme];
  const isLight = theme === "light";
  const background = isLight ? report.surface : report.background;
  const surface = isLight ? report.background : report.surface;
  return {
    background,
    surface,
    "surface-raised": isLight ? surface : mix(surface, report.ink, 0.04),
    "surface-sunken": isLight ? mix(surface, report.ink, PAGE.light.sunken) : mix(surface, report.background, 0.7),
    line: report.line,
    "line-strong": mix(report.context, surface, 0.08),
    text: report.ink,
    "text-soft": report.muted,
    "text-faint": mix(report.muted, surface, isLight ? 0.08 : 0.1),
    accent: report.accent,
    "accent-hover": mix(report.accent, isLight ? "#000000" : "#ffffff", 0.22),
    "accent-soft": mix(report.accent, surface, isLight ? 0.9 : 0.8),
    "on-accent": PAGE[theme].onAccent,
    good: report.good,
    "good-soft": report.good_background,
    warning: report.warning,
    "warning-soft": report.warning_background,
    bad: report.bad,
    "bad-soft": report.bad_background,
  };
}

/** The report's list of series colours; on a dark ground they are lightened until they stand out. */
function series(theme: ThemeName): Record<SeriesRole, string> {
  const report = shared.colour[theme];
  const list = shared.series.map((colour) => (theme === "dark" ? mix(colour, "#ffffff", 0.42) : colour));
  const models = Object.fromEntries(MODEL_ROLES.map((role, position) => [role, list[position] ?? report.ink])) as Record<
    (typeof MODEL_ROLES)[number],
    string
  >;
  return {
    ...models,
    model: report.median,
    naive: report.naive,
    truth: report.truth,
    context: report.context,
    guide: report.line,
  };
}

const tones = { light: tone("light"), dark: tone("dark") };
const seriesOfTheme = { light: series("light"), dark: series("dark") };

export function colours(theme: ThemeName): (typeof tones)["light"] {
  return tones[theme];
}

export function seriesColours(theme: ThemeName): Record<SeriesRole, string> {
  return seriesOfTheme[theme];
}

export function modelColour(theme: ThemeName, position: number): string {
  return seriesOfTheme[theme][MODEL_ROLES[position % MODEL_ROLES.length] ?? "model"];
}

const SHAPE = {
  space: { "1": "4px", "2": "8px", "3": "12px", "4": "16px", "5": "24px", "6": "32px", "7": "48px", "8": "72px" },
  type: { small: shared.type.size.note, body: "14.5px", large: "16px", heading: "19px", title: "27px", display: shared.type.size.h1 },
  radius: { small: shared.radius, medium: "10px", large: "16px" },
};

/** The tokens as CSS custom properties: one block for each theme and one that both share. */
export function customProperties(): string {
  const block = (selector: string, values: Record<string, string>, prefix: string): string =>
    `${selector}{${Object.entries(values)
      .map(([name, value]) => `--${prefix}${name}:${value}`)
      .join(";")}}`;
  return [
    block(":root", tones.light, ""),
    block("html.dark", tones.dark, ""),
    block(":root", seriesOfTheme.light, "series-"),
    block("html.dark", seriesOfTheme.dark, "series-"),
    block(":root", SHAPE.space, "space-"),
    block(":root", SHAPE.type, "type-"),
    block(":root", SHAPE.radius, "radius-"),
  ].join("\n");
}
