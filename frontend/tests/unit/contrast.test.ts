import { describe, expect, it } from "vitest";

import { colours, seriesColours } from "@/theme/tokens";

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The contrast ratio of WCAG 2.2. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(["light", "dark"] as const)("the colours of the %s theme", (theme) => {
  const tone = colours(theme);

  it.each(["text", "text-soft", "text-faint", "accent", "good", "warning", "bad"] as const)("%s can be read on every ground", (name) => {
    for (const ground of ["background", "surface", "surface-raised", "surface-sunken"] as const) {
      expect(contrast(tone[name], tone[ground]), ground).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(["accent", "good", "warning", "bad"] as const)("%s can be read on its own soft ground", (name) => {
    expect(contrast(tone[name], tone[`${name}-soft`])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(tone.text, tone[`${name}-soft`])).toBeGreaterThanOrEqual(4.5);
  });

  it("a button's text can be read", () => {
    expect(contrast(tone["on-accent"], tone.accent)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(tone["on-accent"], tone["accent-hover"])).toBeGreaterThanOrEqual(4.5);
  });

  it("lines of charts stand out from the ground", () => {
    for (const [name, colour] of Object.entries(seriesColours(theme))) {
      if (name !== "guide") expect(contrast(colour, tone.surface), name).toBeGreaterThanOrEqual(3);
    }
  });
});
