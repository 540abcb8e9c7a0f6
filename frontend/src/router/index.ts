import type { RouteRecordRaw } from "vue-router";
import { createRouter, createWebHistory, START_LOCATION } from "vue-router";

import { serviceUrl } from "@/api/client";
import type { WordKey } from "@/i18n/types";
import { useConnection } from "@/stores/connection";
import { isLoadError } from "@/utils/loading";

declare module "vue-router" {
  interface RouteMeta {
    title: WordKey;
    /** Viewers read the reason in its place. */
    needsEditor?: true;
  }
}

/** Pages stand in folders that are named as their address. */
export const routes: RouteRecordRaw[] = [
  { path: "/", redirect: "/data" },
  { path: "/data", component: () => import("@/pages/data/DataPage.vue"), meta: { title: "common.nav.data" } },
  { path: "/data/:dataset", component: () => import("@/pages/data/DatasetPage.vue"), props: true, meta: { title: "common.nav.data" } },
  { path: "/train", component: () => import("@/pages/train/TrainPage.vue"), meta: { title: "common.nav.train", needsEditor: true } },
  { path: "/tasks", component: () => import("@/pages/tasks/TasksPage.vue"), meta: { title: "common.nav.tasks" } },
  { path: "/tasks/:task", component: () => import("@/pages/tasks/TaskPage.vue"), props: true, meta: { title: "common.nav.tasks" } },
  { path: "/models", component: () => import("@/pages/models/ModelsPage.vue"), meta: { title: "common.nav.models" } },
  { path: "/results", component: () => import("@/pages/results/ResultsPage.vue"), meta: { title: "common.nav.results" } },
  { path: "/results/:model", component: () => import("@/pages/results/ResultPage.vue"), props: true, meta: { title: "common.nav.results" } },
  { path: "/forecast", component: () => import("@/pages/forecast/ForecastPage.vue"), meta: { title: "common.nav.forecast" } },
  { path: "/compare", component: () => import("@/pages/compare/ComparePage.vue"), meta: { title: "common.nav.compare", needsEditor: true } },
  { path: "/compared/:task", component: () => import("@/pages/compare/StoredComparison.vue"), props: true, meta: { title: "common.nav.compare" } },
  { path: "/account", component: () => import("@/pages/AccountPage.vue"), meta: { title: "users.account" } },
  { path: "/system/users", component: () => import("@/pages/system/UsersPage.vue"), meta: { title: "users.title" } },
  { path: "/system/audit", component: () => import("@/pages/system/AuditPage.vue"), meta: { title: "users.audit.title" } },
  { path: "/system", component: () => import("@/pages/system/SystemPage.vue"), meta: { title: "common.nav.system" } },
  { path: "/:rest(.*)*", component: () => import("@/pages/NotFoundPage.vue"), meta: { title: "common.notFound.title" } },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (to, from, saved) => (to.path === from.path ? (saved ?? false) : (saved ?? { top: 0 })),
});

/**
 * The files of the page change when the service is updated. In a window that was open meanwhile, a click then leads to a
 * file that is gone: load the address anew, if the service answers. A first load that fails is not repeated.
 */
router.onError(async (_error, to, from) => {
  if (from === START_LOCATION) return;
  const address = serviceUrl(to.fullPath.slice(1));
  const answer = await fetch(address, { method: "HEAD" }).catch(() => null);
  if (answer?.ok) window.location.assign(address);
  if (answer === null) useConnection().lost();
});

// So a click that leads nowhere for now has been dealt with, and is no defect of the page that was clicked on.
for (const name of ["push", "replace"] as const) {
  const go = router[name];
  router[name] = (to) =>
    go(to).catch((error: unknown) => {
      if (!isLoadError(error)) throw error;
    });
}

/** Begin to load the code of the page at a path. The router waits for it, and reports it where it cannot be loaded. */
export async function loadPage(path: string): Promise<void> {
  const loaders = router.resolve(path === "/" ? "/data" : path).matched.map((record) => record.components?.default);
  await Promise.allSettled(loaders.map(async (load) => (typeof load === "function" ? (load as () => Promise<unknown>)() : load)));
}
