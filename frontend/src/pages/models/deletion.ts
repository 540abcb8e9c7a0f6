import { useQueryClient } from "@tanstack/vue-query";

import { api } from "@/api/client";
import { offerUndo, showDone, showProblem } from "@/composables/useUndo";
import { useWords } from "@/i18n";

/** Delete models at once, and offer to undo it. */
export function useDeletion() {
  const { t, plural } = useWords();
  const client = useQueryClient();

  async function restore(ids: readonly string[]): Promise<void> {
    try {
      await Promise.all(ids.map((id) => api.POST("/api/models/{model_id}/restore", { params: { path: { model_id: id } } })));
    } catch (error) {
      showProblem(error);
      return;
    }
    await client.invalidateQueries({ queryKey: ["models"] });
    showDone(t("models.restored"));
  }

  async function remove(models: readonly { id: string; name: string }[]): Promise<void> {
    const ids = models.map((model) => model.id);
    try {
      await Promise.all(ids.map((id) => api.DELETE("/api/models/{model_id}", { params: { path: { model_id: id } } })));
    } catch (error) {
      showProblem(error);
      return;
    } finally {
      await client.invalidateQueries({ queryKey: ["models"] });
    }
    const first = models[0];
    const text = models.length === 1 && first ? t("models.deleted", { name: first.name }) : plural("models.deletedMany", models.length);
    offerUndo(text, () => restore(ids));
  }

  return { remove, restore };
}
