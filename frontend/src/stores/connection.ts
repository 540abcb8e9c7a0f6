import { defineStore } from "pinia";
import { computed, ref } from "vue";

export type Access = "unknown" | "granted" | "refused";

/** Whether the service answers, and whether this browser may use it. */
export const useConnection = defineStore("connection", () => {
  const awaySince = ref<number | null>(null);
  const access = ref<Access>("unknown");
  const recoveries = ref(0);

  function lost(): void {
    awaySince.value ??= Date.now();
  }

  function answered(): void {
    if (awaySince.value === null) return;
    awaySince.value = null;
    recoveries.value += 1;
  }

  return { awaySince, access, recoveries, isAway: computed(() => awaySince.value !== null), lost, answered };
});
