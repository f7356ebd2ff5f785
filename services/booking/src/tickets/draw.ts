import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { formatMoney } from '@holdfast/shared/money.ts';
import PDFDocument from 'pdfkit';
import QRCode from 'qrcode';
import { localTime, type TicketPage } from './sheet.ts';

/**
 * Draws tickets; runs in a worker, because a page takes tens of milliseconds that nobody else should
 * wait for. DejaVu has Latin, Greek, Cyrillic and more, but no Chinese, Japanese or Korean: such
 * characters are printed as boxes, and the QR is as good as ever.
 */
const FONTS = {
  plain: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')),
  bold: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf')),
};
const MARGIN = 56;
const QR_POINTS = 190;
/** Modules of white that a reader needs around the code (ISO/IEC 18004). */
const QUIET_ZONE = 4;
/** Squares overlap a little: some viewers show a white line where they only touch. */
const NO_SEAM = 1.02;
const LONG_NAME = 90;

/** A QR of a code as PNG, 8 pixels a module. */
export function drawPng(code: string): Promise<Buffer> {
  return QRCode.toBuffer(code, { errorCorrectionLevel: 'M', margin: QUIET_ZONE, scale: 8 });
}

/** Tickets as one PDF, tagged for screen readers. */
export async function drawPdf(pages: readonly TicketPage[]): Promise<Buffer> {
  const title = pages[0]?.eventName ?? 'Tickets';
  const pdf = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    autoFirstPage: false,
    pdfVersion: '1.7',
    lang: 'en-GB',
    tagged: true,
    displayTitle: true,
    info: { Title: `Tickets: ${title}`, Creator: 'Holdfast' },
  });
  const bytes = buffer(pdf);
  pdf.registerFont('plain', FONTS.plain);
  pdf.registerFont('bold', FONTS.bold);
  const root = pdf.struct('Document');
  pdf.addStructure(root);
  for (const page of pages) drawPage(pdf, root, page);
  root.end();
  pdf.end();
  return bytes;
}

type Pdf = InstanceType<typeof PDFDocument>;

function drawPage(pdf: Pdf, root: PDFKit.PDFStructureElement, page: TicketPage): void {
  pdf.addPage();
  const section = pdf.struct('Sect', { title: page.label });
  root.add(section);
  const write = (tag: string, font: 'plain' | 'bold', points: number, text: string) =>
    section.add(
      pdf.struct(tag, {}, () => {
        pdf.font(font).fontSize(points).text(text).moveDown(0.4);
      }),
    );
  write('H1', 'bold', page.eventName.length > LONG_NAME ? 14 : 22, page.eventName);
  write('P', 'plain', 13, localTime(page.startsAt, page.timeZone));
  write('P', 'plain', 13, [page.venueName, page.city].filter(Boolean).join(', '));
  write('H2', 'bold', 18, page.label);
  const { priceMinor, currency } = page;
  const price = priceMinor === 0 ? 'free' : priceMinor && formatMoney(priceMinor, currency);
  write('P', 'plain', 11, [page.category, page.ticketType, price].filter(Boolean).join(' · '));
  if (pdf.y + QR_POINTS > pdf.page.height - 2 * MARGIN) pdf.addPage();
  const alt = `QR code of ticket ${page.ticketId}`;
  section.add(pdf.struct('Figure', { alt }, () => drawQr(pdf, page.code)));
  write(
    'P',
    'plain',
    8,
    `Ticket ${page.ticketId}. One person enters with it; do not show it around.`,
  );
  section.end();
}

/** Squares rather than pixels: sharp at any size. */
function drawQr(pdf: Pdf, code: string): void {
  const { modules } = QRCode.create(code, { errorCorrectionLevel: 'M' });
  const side = QR_POINTS / (modules.size + 2 * QUIET_ZONE);
  const top = pdf.y + QUIET_ZONE * side;
  for (let row = 0; row < modules.size; row += 1) {
    for (let column = 0; column < modules.size; column += 1) {
      if (!modules.get(row, column)) continue;
      pdf.rect(MARGIN + column * side, top + row * side, side * NO_SEAM, side * NO_SEAM);
    }
  }
  pdf.fill('black');
  pdf.y = top + QR_POINTS;
}
