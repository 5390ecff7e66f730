// Reads a file in the parts that one answer holds, and hands it to the browser as a whole.

const place = document.querySelector('main');
const bar = document.querySelector('progress');
const status = document.querySelector('p');
const size = Number(place.dataset.size);
const TRIES = 3;

async function part(at) {
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await fetch(location.href, { headers: { Range: `bytes=${at}-` }, cache: 'no-store' });
      if (answer.status === 206) return await answer.arrayBuffer();
      if (answer.status === 404) throw new Error('This link is over. Ask for a new one.');
    } catch (error) {
      if (tries === TRIES || error.message.startsWith('This link')) throw error;
    }
    if (tries === TRIES) throw new Error('It could not be loaded. Load this page again.');
  }
}

async function whole() {
  const parts = [];
  for (let at = 0; at < size; bar.value = at) {
    const next = await part(at);
    parts.push(next);
    at += next.byteLength;
  }
  return new Blob(parts, { type: place.dataset.type });
}

whole().then((blob) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = place.dataset.name;
  link.textContent = 'Save it again';
  status.replaceChildren(link);
  link.click();
}, (error) => {
  status.textContent = error.message;
});
