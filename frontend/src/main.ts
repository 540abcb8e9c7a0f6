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
import { i18n, setLanguage, storedLanguage } from "./i18n";
import { router } from "./router";
import { customProperties } from "./theme/tokens";

const style = document.createElement("style");
style.textContent = customProperties();
document.head.append(style);

await setLanguage(storedLanguage());
createApp(App).use(createPinia()).use(i18n).use(router).use(VueQueryPlugin, { queryClient }).mount("#app");
