import { h } from "vue";

import { explain } from "@/api/problems";
import { useWords } from "@/i18n";

/** Notices are loaded after the first view, and before they are needed: the service may be away by then. */
export async function loadNotices() {
  const [{ ElNotification }] = await Promise.all([
    import("element-plus/es/components/notification/index"),
    import("element-plus/theme-chalk/el-notification.css"),
  ]);
  return ElNotification;
}

const AT = { position: "bottom-right" } as const;

/** Say that something was done, with a button that takes it back. */
export function offerUndo(message: string, undo: () => Promise<unknown>): void {
  const { t } = useWords();
  void loadNotices().then((show) => {
    const onClick = (): void => {
      notice.close();
      undo().catch(showProblem);
    };
    const button = h("button", { type: "button", class: "undo-button", onClick }, t("common.action.undo"));
    const notice = show({ ...AT, message: h("span", { class: "undo" }, [message, button]), duration: 10_000 });
  });
}

/** Say that something did not work, where there is no better place for it. */
export function showProblem(error: unknown): void {
  const words = explain(error);
  void loadNotices().then((show) => show.error({ ...AT, title: words.title.text, message: words.advice?.text ?? "", duration: 8_000 }));
}

export function showDone(title: string): void {
  void loadNotices().then((show) => show.success({ ...AT, title, duration: 3_000 }));
}
