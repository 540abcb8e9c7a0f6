import { useMonitorActions } from "@/api/monitors";
import { offerUndo, showDone, showProblem } from "@/composables/useUndo";
import { useWords } from "@/i18n";

/** Delete a monitor at once, and offer to undo it. */
export function useMonitorDeletion() {
  const { t } = useWords();
  const { remove: change } = useMonitorActions();
  async function restore(monitor: { id: string; name: string }): Promise<void> {
    try {
      await change.mutateAsync({ id: monitor.id, restore: true });
      showDone(t("monitors.list.restored", { name: monitor.name }));
    } catch (error) {
      showProblem(error);
    }
  }
  async function remove(monitor: { id: string; name: string }): Promise<void> {
    try {
      await change.mutateAsync({ id: monitor.id, restore: false });
      offerUndo(t("monitors.list.deleted", { name: monitor.name }), () => restore(monitor));
    } catch (error) {
      showProblem(error);
    }
  }
  return { remove, restore };
}
