import { computed } from "vue";

import { useModels } from "@/api/models";
import { useTheme } from "@/stores/theme";
import { MODEL_ROLES, modelColour, seriesColours } from "@/theme/tokens";

const COLOURS = MODEL_ROLES.length;

/** The place of each model among the models of its dataset, from the oldest on; it gives the colour on every chart. */
export function colourPlaces(models: readonly { id: string; dataset: string | null; created: number }[]): Map<string, number> {
  const counts = new Map<string, number>();
  const places = new Map<string, number>();
  for (const { id, dataset } of [...models].sort((a, b) => a.created - b.created)) {
    const count = counts.get(dataset ?? "") ?? 0;
    counts.set(dataset ?? "", count + 1);
    places.set(id, count);
  }
  return places;
}

/** Places of the models of one chart: of two models with the same colour, the second takes the next colour that is free. */
export function distinctPlaces(ids: readonly string[], places: ReadonlyMap<string, number>): number[] {
  const taken = new Set<number>();
  return ids.map((id) => {
    const wanted = (places.get(id) ?? 0) % COLOURS;
    const tries = Array.from({ length: COLOURS }, (_, step) => (wanted + step) % COLOURS);
    const place = tries.find((one) => !taken.has(one)) ?? wanted;
    taken.add(place);
    return place;
  });
}

/** Colours that stay the same on every page. */
export function useModelColours() {
  const models = useModels();
  const theme = useTheme();
  const places = computed(() => colourPlaces(models.data.value ?? []));
  return {
    /** The colours of the models of one chart; a chart cannot tell more than eight apart by colour. */
    coloursOf: (ids: readonly string[]): string[] =>
      distinctPlaces(ids, places.value).map((place, position) =>
        position < COLOURS ? modelColour(theme.theme, place) : seriesColours(theme.theme).naive,
      ),
  };
}
