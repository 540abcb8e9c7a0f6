import { useQuery, useQueryClient } from "@tanstack/vue-query";
import { computed } from "vue";

import { useWords } from "@/i18n";
import { useConnection } from "@/stores/connection";

import type { Schemas } from "./client";
import { api, dataOf } from "./client";
import { repeatQueries } from "./query";

export type Role = NonNullable<Schemas["SessionView"]["role"]>;
export const ROLES = ["viewer", "editor", "owner"] as const satisfies readonly Role[];

/** Whether the address is below a shared link, whose visitors have signed in nowhere. */
export const isSharedLink = /\/shared\/[\w-]{20,64}\/$/.test(new URL(document.baseURI).pathname);

export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: async () => dataOf(await api.GET("/api/session")),
    staleTime: 30_000,
    refetchInterval: 60_000,
  });
}

/** What the person at this browser may do. Until the service has said so, nothing is hidden. */
export function usePermissions() {
  const { t } = useWords();
  const session = useSession();
  const role = computed(() => session.data.value?.role ?? null);
  const canEdit = computed(() => !isSharedLink && role.value !== "viewer");
  return {
    session,
    role,
    canEdit,
    /** Users, shared links and the audit log are shown once there are users besides the owner. */
    hasUsers: computed(() => !isSharedLink && session.data.value?.users === true),
    canManage: computed(() => !isSharedLink && role.value === "owner"),
    /** Why something cannot be done; undefined where it can. */
    reason: computed(() => (canEdit.value ? undefined : t("users.viewerReason"))),
  };
}

export async function signInWithPassword(name: string, password: string): Promise<void> {
  await api.POST("/api/session", { body: { name, password } });
  useConnection().access = "granted";
  await repeatQueries();
}

/** End the session; what the page has read is forgotten, and the form to sign in is shown. */
export function useSignOut() {
  const queries = useQueryClient();
  return async (): Promise<void> => {
    await api.DELETE("/api/session");
    queries.clear();
    useConnection().access = "refused";
  };
}
