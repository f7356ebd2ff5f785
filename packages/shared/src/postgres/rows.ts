import { type SQL, sql } from 'drizzle-orm';

/**
 * Rows for a statement that changes many at once, as one parameter: objects with the columns of
 * `table`, those left out null. The text stays the same however many they are, so the server
 * plans it once.
 */
export function rowsOf(table: string, rows: readonly object[]): SQL {
  return sql`json_populate_recordset(null::${sql.identifier(table)}, ${JSON.stringify(rows)}::json)`;
}
