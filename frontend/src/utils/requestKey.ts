/** A short key of texts: the same request gives the same key, so that the service answers it with the task that it knows. */
export function requestKey(kind: string, texts: readonly string[]): string {
  // Two FNV-1a hashes, because crypto.subtle exists only where the page is served over HTTPS or on this machine.
  const text = texts.join(" ");
  const hash = (seed: number) => {
    let value = seed;
    for (const character of text) {
      value ^= character.codePointAt(0) ?? 0;
      value = Math.imul(value, 0x01000193) >>> 0;
    }
    return value.toString(16).padStart(8, "0");
  };
  return `${kind}-${hash(0x811c9dc5)}${hash(0x01234567)}`;
}
