/** Whether a finding tells how the file was read, rather than a defect of the data. */
export function isNote(finding: { code: string }): boolean {
  return finding.code.startsWith("note-") || ["card-note", "unused-columns"].includes(finding.code);
}
