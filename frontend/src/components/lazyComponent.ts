import { until } from "@vueuse/core";
import type { Component } from "vue";
import { defineAsyncComponent } from "vue";

import { serviceAnswers } from "@/api/client";
import { useConnection } from "@/stores/connection";
import { loadStylesAgain } from "@/utils/loading";

import LoadingBlock from "./LoadingBlock.vue";
import ProblemNotice from "./ProblemNotice.vue";

const ATTEMPTS = 2;

/**
 * A part that is loaded when it is first drawn. While the service is away it waits; where the service answers and the
 * file is missing, as after an update, a notice takes the place of the part.
 */
export function lazyComponent<T extends Component>(loader: () => Promise<{ default: T }>): T {
  return defineAsyncComponent<T>({
    loader,
    loadingComponent: LoadingBlock,
    errorComponent: ProblemNotice,
    delay: 60,
    onError: (_error, retry, fail, attempts) => {
      const again = (): void => {
        loadStylesAgain();
        retry();
      };
      const connection = useConnection();
      void serviceAnswers().then((answers) => {
        if (!answers)
          void until(() => connection.isAway)
            .toBe(false)
            .then(again);
        else if (attempts < ATTEMPTS) again();
        else fail();
      });
    },
  });
}
