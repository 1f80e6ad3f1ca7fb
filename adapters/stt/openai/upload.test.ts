import { describe, expect, it } from 'vitest';
import { multipartBody } from './upload.ts';

describe('a form with a file', () => {
  it('is parsed by the platform to the same fields and bytes', async () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index);
    const fields = { model: 'm', prompt: 'zwei Zeilen\r\n--und "mehr" 你好' };
    const { contentType, bytes: body } = multipartBody(fields, {
      field: 'file',
      name: 'u.wav',
      type: 'audio/wav',
      bytes,
    });
    const form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
    const file = form.get('file');
    expect([...form.keys()]).toEqual(['model', 'prompt', 'file']);
    expect([form.get('model'), form.get('prompt')]).toEqual([fields.model, fields.prompt]);
    expect(file).toMatchObject({ name: 'u.wav', type: 'audio/wav' });
    expect(file instanceof File && new Uint8Array(await file.arrayBuffer())).toEqual(bytes);
  });
});
