import type { SeriesRole } from "@/theme/tokens";

/** Colour of each role; a role has the same meaning in every chart. */
export type ChartColours = Record<SeriesRole, string>;
