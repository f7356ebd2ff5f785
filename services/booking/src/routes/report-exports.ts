import { Readable } from 'node:stream';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { csvLine } from '../export-text.ts';
import {
  REPORT_VIEWS,
  type ReportExports,
  type ReportRows,
  type ReportView,
} from '../stores/report-exports.ts';

const CHUNK_CHARACTERS = 65_536;

type Format = {
  readonly ending: 'csv' | 'ndjson';
  readonly id: string;
  readonly mediaType: string;
  readonly summary: string;
  readonly example: string;
  readonly textOf: (rows: ReportRows) => AsyncIterable<string>;
};

const FORMATS: readonly Format[] = [
  {
    ending: 'csv',
    id: 'exportReportAsCsv',
    mediaType: 'text/csv; charset=utf-8; header=present',
    summary: 'All rows of a report as CSV with a header line; null is an empty cell',
    example: 'day,month,currency,bookings\r\n2026-11-21,2026-11-01,EUR,264\r\n',
    textOf: csvOf,
  },
  {
    ending: 'ndjson',
    id: 'exportReportAsNdjson',
    mediaType: 'application/x-ndjson; charset=utf-8',
    summary: 'All rows of a report as lines of JSON',
    example: '{"day":"2026-11-21","month":"2026-11-01","currency":"EUR","bookings":264}\n',
    textOf: ndjsonOf,
  },
];

/**
 * Whole views of docs/reports/, streamed as the database reads them: what has come is what was
 * read, and an answer that breaks off is cut short rather than ended.
 */
export function reportExportRoutes(use: () => { reportExports: ReportExports }): Route[] {
  return FORMATS.map((format) =>
    route<{ params: { view: ReportView } }>({
      method: 'get',
      path: `/api/reports/:view.${format.ending}`,
      id: format.id,
      tag: 'reports',
      summary: format.summary,
      access: ['admin'],
      params: Joi.object({
        view: Joi.string()
          .valid(...REPORT_VIEWS)
          .required(),
      }),
      responses: {
        200: {
          description: 'The rows in no order of their own; /docs/reports says what each view is',
          mediaType: format.mediaType,
          schema: Joi.string(),
          example: format.example,
        },
      },
      errors: ['too_many_requests'],
      async run({ params: { view }, signal }) {
        const rows = await use().reportExports.read(view, signal);
        if (isRefusal(rows)) return rows;
        return reply(200, Readable.from(inChunks(format.textOf(rows))), {
          'content-type': format.mediaType,
          'content-disposition': `attachment; filename="${view}.${format.ending}"`,
          'cache-control': 'no-store',
        });
      },
    }),
  );
}

async function* csvOf({ columns, lines }: ReportRows): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const line of lines) {
    const row = JSON.parse(line);
    yield csvLine(columns.map((column) => row[column]));
  }
}

async function* ndjsonOf({ lines }: ReportRows): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

/** One write for many lines. */
async function* inChunks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += line;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
