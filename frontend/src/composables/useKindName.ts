import { useWords } from "@/i18n";

/** The name of a kind of model in the language of the page, such as "Seasonal naive". */
export function useKindName(): (kind: string) => string {
  const { optional } = useWords();
  return (kind) => optional(`train.model.${kind}.title`) ?? kind;
}
