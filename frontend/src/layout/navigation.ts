import { Bell, Box, Coin, Connection, DataLine, Monitor, Operation, TrendCharts, VideoPlay } from "@element-plus/icons-vue";
import type { Component } from "vue";

import type { WordKey } from "@/i18n/types";

export interface NavigationEntry {
  path: string;
  label: WordKey;
  icon: Component;
  /** Shown only where there is something of it, or on its page. */
  isOptional?: boolean;
}

/** In the order of the work: from a file to a forecast that is trusted. */
export const navigation: NavigationEntry[] = [
  { path: "/data", label: "common.nav.data", icon: Coin },
  { path: "/train", label: "common.nav.train", icon: VideoPlay },
  { path: "/tasks", label: "common.nav.tasks", icon: Operation },
  { path: "/models", label: "common.nav.models", icon: Box },
  { path: "/results", label: "common.nav.results", icon: DataLine },
  { path: "/forecast", label: "common.nav.forecast", icon: TrendCharts },
  { path: "/compare", label: "common.nav.compare", icon: Connection },
  { path: "/monitors", label: "common.nav.monitors", icon: Bell, isOptional: true },
  { path: "/system", label: "common.nav.system", icon: Monitor },
];
