import { mount } from "@vue/test-utils";
import { expect, it } from "vitest";
import { defineComponent, h } from "vue";
import { createMemoryHistory, createRouter, RouterView } from "vue-router";

import { useUrlNumber } from "@/composables/useUrlState";

it.each([3, 4])("a value that is written while another page is loaded leaves that navigation alone (%s)", async (written) => {
  let number!: { value: number };
  const List = defineComponent(() => {
    number = useUrlNumber("page", 1);
    return () => h("p", number.value);
  });
  let load!: (page: object) => void;
  const loaded = new Promise<object>((resolve) => (load = resolve));
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: "/list", component: List },
      { path: "/other", component: () => loaded },
    ],
  });
  await router.push("/list?page=2");
  const shown = mount(RouterView, { global: { plugins: [router] } });
  expect(shown.text()).toBe("2");
  number.value = 3;
  await expect.poll(() => router.currentRoute.value.query.page).toBe("3");
  const ended = router.push("/other");
  await new Promise((resolve) => setTimeout(resolve));
  number.value = written;
  await new Promise((resolve) => setTimeout(resolve));
  load(defineComponent(() => () => h("p", "other")));
  await ended;
  expect(router.currentRoute.value.path).toBe("/other");
});
