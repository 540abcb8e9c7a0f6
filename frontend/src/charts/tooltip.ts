/** A tooltip with a title and rows of a name and a value; the texts are escaped. */
export function tooltipTable(title: string, rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([name, value]) =>
      `<tr><td style="padding-right:12px">${escapeHtml(name)}</td>` +
      `<td style="text-align:right;font-variant-numeric:tabular-nums">${escapeHtml(value)}</td></tr>`,
  );
  return `<strong>${escapeHtml(title)}</strong><table>${cells.join("")}</table>`;
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
