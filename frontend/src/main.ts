import "@fontsource-variable/inter/wght.css";
import "element-plus/es/components/base/style/css";
import "element-plus/theme-chalk/dark/css-vars.css";
import "./theme/base.css";
import "./theme/element.css";

import { VueQueryPlugin } from "@tanstack/vue-query";
import { createPinia } from "pinia";
import { createApp } from "vue";

import { queryClient } from "./api/query";
import App from "./App.vue";
import { loadNotices } from "./composables/useUndo";
import { i18n, loadServiceWords, setLanguage, storedLanguage } from "./i18n";
import { loadPage, router } from "./router";
import { customProperties } from "./theme/tokens";

/** In both languages, because the words of neither may have arrived. */
const NOT_LOADED = "TimeVis could not be loaded. Load the page again. TimeVis 未能加载，请重新加载本页。";

const style = document.createElement("style");
style.textContent = customProperties();
document.head.append(style);

// The page of the address and the words are loaded together, not one after the other.
try {
  await Promise.all([setLanguage(storedLanguage(), true), loadPage(router.resolve(router.options.history.location).path)]);
} catch (error) {
  const app = document.getElementById("app");
  if (app) {
    app.textContent = NOT_LOADED;
    app.style.padding = "2rem";
  }
  throw error;
}
createApp(App).use(createPinia()).use(i18n).use(router).use(VueQueryPlugin, { queryClient }).mount("#app");
void loadServiceWords(); // until they arrive, messages of the service are in English and marked as English
setTimeout(() => void loadNotices(), 3_000);
