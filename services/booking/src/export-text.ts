/** A row of a report, as PostgreSQL writes it as JSON. */
type Cell = string | number | boolean | null | object;

/** A line of CSV as RFC 4180 has it: CRLF at its end, quotes where the text needs them. */
export function csvLine(cells: readonly (Cell | undefined)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** Null is an empty cell, and an empty text a quoted one, so that they stay apart. */
function csvCell(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell !== 'string') {
    return typeof cell === 'object' ? quoted(JSON.stringify(cell)) : String(cell);
  }
  return cell === '' || /[",\r\n]/.test(cell) || STARTS_FORMULA.test(cell)
    ? quoted(STARTS_FORMULA.test(cell) ? `'${cell}` : cell)
    : cell;
}

/**
 * Texts that a spreadsheet would run, such as the name `=HYPERLINK(...)` that a customer chose:
 * an apostrophe before it keeps it a text.
 */
const STARTS_FORMULA = /^[=+\-@\t\r]/;

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
