import type { ComputedRef, InjectionKey } from "vue";
import { computed, inject, provide } from "vue";

import type { ChartColours } from "@/charts/colours";
import { useModelColours } from "@/composables/useModelColours";
import { useTheme } from "@/stores/theme";
import { seriesColours } from "@/theme/tokens";

const KEY: InjectionKey<ComputedRef<ChartColours>> = Symbol("colours of the results");

/** Give the charts of a page the colour that a model has on every page. */
export function provideColoursOf(model: () => string): void {
  const theme = useTheme();
  const { coloursOf } = useModelColours();
  provide(
    KEY,
    computed(() => {
      const own = seriesColours(theme.theme);
      return { ...own, model: coloursOf([model()])[0] ?? own.model };
    }),
  );
}

/** The colours of the charts of this page. */
export function useResultColours(): ComputedRef<ChartColours> {
  const theme = useTheme();
  return inject(KEY, () => computed(() => seriesColours(theme.theme)), true);
}
