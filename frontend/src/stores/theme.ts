import { usePreferredDark, useStorage } from "@vueuse/core";
import { defineStore } from "pinia";
import { computed, watchEffect } from "vue";

import type { ThemeName } from "@/theme/tokens";

export type ThemeChoice = ThemeName | "system";

export const useTheme = defineStore("theme", () => {
  const choice = useStorage<ThemeChoice>("timevis-theme", "system");
  const systemIsDark = usePreferredDark();
  const theme = computed<ThemeName>(() => (choice.value === "system" ? (systemIsDark.value ? "dark" : "light") : choice.value));
  watchEffect(() => document.documentElement.classList.toggle("dark", theme.value === "dark"));
  return { choice, theme };
});
