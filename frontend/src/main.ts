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
import { i18n, setLanguage, storedLanguage } from "./i18n";
import { loadPage, router } from "./router";
import { customProperties } from "./theme/tokens";

const style = document.createElement("style");
style.textContent = customProperties();
document.head.append(style);

// The page of the address and the words are loaded together, not one after the other.
await Promise.all([setLanguage(storedLanguage()), loadPage(window.location.pathname)]);
createApp(App).use(createPinia()).use(i18n).use(router).use(VueQueryPlugin, { queryClient }).mount("#app");
setTimeout(() => void loadNotices(), 3_000);
