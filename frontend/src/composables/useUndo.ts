import { ElNotification } from "element-plus";
import { h } from "vue";

import { explain } from "@/api/problems";
import { useWords } from "@/i18n";

/** Say that something was done, with a button that takes it back. */
export function offerUndo(message: string, undo: () => Promise<unknown>): void {
  const { t } = useWords();
  const notice = ElNotification({
    message: h("span", { class: "undo" }, [
      message,
      h(
        "button",
        {
          type: "button",
          class: "undo-button",
          onClick: () => {
            notice.close();
            undo().catch(showProblem);
          },
        },
        t("common.action.undo"),
      ),
    ]),
    duration: 10_000,
    position: "bottom-right",
  });
}

/** Say that something did not work, where there is no better place for it. */
export function showProblem(error: unknown): void {
  const words = explain(error);
  ElNotification.error({ title: words.title, message: words.advice ?? "", duration: 8_000, position: "bottom-right" });
}

export function showDone(title: string): void {
  ElNotification.success({ title, duration: 3_000, position: "bottom-right" });
}
