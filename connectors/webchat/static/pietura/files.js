// @ts-check
/**
 * Files on the screen: those beside the composer, and those in messages. Pictures are drawn on a canvas from bytes that the
 * script has fetched, so the page around needs no leave for images from elsewhere, and no address holds a token.
 *
 * @typedef {import('./protocol.js').Attachment} Attachment
 * @typedef {import('./texts.js').Texts} Texts
 * @typedef {import('./uploads.js').Upload} Upload
 * @typedef {import('./uploads.js').Uploads} Uploads
 */

import { plain } from './content.js';
import { h, icon, set, write } from './dom.js';

/** Larger pictures are not fetched unasked: somebody may be paying for every megabyte. */
const SHOWN_UP_TO = 3 * 1024 * 1024;
/** What a picture takes on the screen at most, px; twice as many points are drawn, for sharp displays. */
const WIDE = 260;
const HIGH = 220;

/**
 * The files of a message.
 * @param {Attachment[]} attachments
 * @param {Texts} texts
 * @param {Uploads} uploads
 * @returns {HTMLElement}
 */
export function messageFiles(attachments, texts, uploads) {
  return h(
    'ul',
    { class: 'files', lang: texts.lang, 'aria-label': texts.t('files') },
    ...attachments.map((one) => h('li', {}, messageFile(one, texts, uploads))),
  );
}

/**
 * @param {Attachment} one
 * @param {Texts} texts
 * @param {Uploads} uploads
 * @returns {HTMLElement}
 */
function messageFile(one, texts, uploads) {
  const name = plain(one.name ?? '');
  const size = uploads.size(Number(one.size) || 0);
  if (one.state !== 'ready') {
    return h('span', { class: `file ${one.state}` }, icon('file'), h('span', {}, h('bdi', {}, name), h('small', {}, texts.t(`file_${one.state}`))));
  }
  const problem = h('span', { class: 'file-problem', role: 'status' });
  const save = async () => {
    try {
      write(problem, '');
      keep(await uploads.blob(one), name);
    } catch {
      write(problem, texts.t('file_unreachable'));
    }
  };
  const label = texts.t('file_download', { name, size });
  if (one.kind === 'image' && Number(one.size) <= SHOWN_UP_TO) {
    const canvas = h('canvas', { width: '1', height: '1' });
    const button = h('button', { type: 'button', class: 'picture', 'aria-label': label, title: label, onclick: save }, canvas);
    draw(canvas, uploads, one).catch(() => button.replaceWith(chip()));
    return h('span', { class: 'file-box' }, button, problem);
  }
  /** @returns {HTMLElement} */
  function chip() {
    return h(
      'button',
      { type: 'button', class: 'file', 'aria-label': label, title: label, onclick: save },
      icon('file'),
      h('span', {}, h('bdi', {}, name), h('small', {}, size)),
    );
  }
  return h('span', { class: 'file-box' }, chip(), problem);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Uploads} uploads
 * @param {Attachment} one
 */
async function draw(canvas, uploads, one) {
  const picture = await createImageBitmap(await uploads.blob(one));
  const shown = Math.min(1, WIDE / picture.width, HIGH / picture.height);
  const drawn = Math.min(1, 2 * shown);
  canvas.width = Math.max(1, Math.round(picture.width * drawn));
  canvas.height = Math.max(1, Math.round(picture.height * drawn));
  canvas.style.inlineSize = `${Math.max(1, Math.round(picture.width * shown))}px`;
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  // It has grown: whoever keeps the end of the talk in sight has to know.
  canvas.dispatchEvent(new CustomEvent('drawn', { bubbles: true }));
}

/**
 * Save a file as the browser saves downloads.
 * @param {Blob} blob
 * @param {string} name
 */
function keep(blob, name) {
  const url = URL.createObjectURL(blob);
  // Its type is left out: a browser that would rather show it has nothing to go by.
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * The files beside the composer, brought up to date: rows stay where they are, so that neither focus nor reading is lost.
 * @param {HTMLElement} list
 * @param {Uploads} uploads
 * @param {Texts} texts
 */
export function showChosen(list, uploads, texts) {
  const rows = new Map([...list.children].map((row) => [row.getAttribute('data-file'), row]));
  for (const upload of uploads.chosen) {
    let row = rows.get(upload.id);
    rows.delete(upload.id);
    if (!row) {
      row = chosenRow(upload, uploads, texts);
      list.append(row);
    }
    const bar = /** @type {HTMLProgressElement} */ (row.querySelector('progress'));
    const said = /** @type {HTMLElement} */ (row.querySelector('small'));
    const again = /** @type {HTMLElement} */ (row.querySelector('.link'));
    const busy = upload.state === 'uploading' || upload.state === 'waiting';
    const failed = upload.state === 'failed';
    bar.hidden = !busy;
    bar.value = upload.progress;
    // What is refused for what it is would be refused again.
    again.hidden = !failed || !upload.again;
    row.classList.toggle('failed', failed);
    write(
      said,
      failed
        ? upload.error || texts.t('file_broken')
        : busy
          ? texts.t('file_uploading', { percent: Math.round(upload.progress * 100) })
          : uploads.size(upload.file.size),
    );
    set(bar, 'aria-label', texts.t('file_progress', { name: plain(upload.name) }));
  }
  for (const row of rows.values()) row.remove();
}

/**
 * @param {Upload} upload
 * @param {Uploads} uploads
 * @param {Texts} texts
 * @returns {HTMLElement}
 */
function chosenRow(upload, uploads, texts) {
  const name = plain(upload.name) || texts.t('file_unnamed');
  const label = texts.t('file_remove', { name });
  return h(
    'li',
    { class: 'chosen', 'data-file': upload.id },
    icon('file'),
    h(
      'span',
      { class: 'chosen-what' },
      h('bdi', {}, name),
      h('small', {}),
      h('progress', { max: '1', value: '0' }),
      h('button', { type: 'button', class: 'link', hidden: true, onclick: () => uploads.retry(upload.id) }, texts.t('file_retry')),
    ),
    h(
      'button',
      { type: 'button', class: 'round', 'aria-label': label, title: label, onclick: () => uploads.remove(upload.id) },
      icon('close'),
    ),
  );
}
