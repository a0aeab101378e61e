import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { htmlReport } from '../../../src/report/html/page.ts';
import { ensurePackages } from '../../lab/packages.ts';
import { samples } from '../audited-samples.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

// Installing a browser takes root and Debian; elsewhere the page's text alone is looked at.
const cannot = process.getuid?.() === 0 ? undefined : 'a browser is installed as root alone';

const text = htmlReport(samples(), new Date('2026-11-25T10:00:00Z'));

test('the page brings all that it needs, and runs nothing', () => {
  expect(/<(script|link|img|iframe|object)|<[^>]*\s(src|href)="(?!#)|url\(|@import/i.exec(text)?.[0]).toBeUndefined();
  expect(text).toContain("default-src 'none'");
});

describe.skipIf(cannot)('in a real browser', () => {
  let browser: Browser;
  let page: Page;
  let directory: string;
  const requests: string[] = [];

  beforeAll(async () => {
    await ensurePackages({ '/usr/bin/chromium': 'chromium' });
    directory = await mkdtemp(join(tmpdir(), 'harden-page-'));
    await writeFile(join(directory, 'report.html'), text);
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(join(directory, 'report.html')).href);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** The share of a screenshot's pixels that differ from its first one; counted on a blank page, since the report's own lets no image in. */
  async function drawn(): Promise<number> {
    const png = (await page.screenshot()).toString('base64');
    const blank = await browser.newPage();
    try {
      return await blank.evaluate<number>(`(async () => {
        const image = new Image();
        image.src = 'data:image/png;base64,${png}';
        await image.decode();
        const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
        return pixels.filter((pixel) => pixel !== pixels[0]).length / pixels.length;
      })()`);
    } finally {
      await blank.close();
    }
  }

  test('it shows the score before and after, and asks for nothing but itself', async () => {
    expect(await page.title()).toBe('Security audit of 2 hosts');
    expect(await page.locator('svg[role=img]').getAttribute('aria-label')).toBe(
      'Score 13 of at most 86. Before it was 1.',
    );
    const [before, after] = await page
      .locator('svg rect.before, svg rect.after')
      .evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    expect(after).toBeGreaterThan((before ?? 0) * 5);
    expect(requests.filter((url) => !url.startsWith('data:'))).toHaveLength(1);
  });

  test('findings stand by severity with what mends them', async () => {
    const bench = page.locator('.finding', { hasText: 'icc is on' });
    await expect.poll(() => bench.textContent()).toMatch(/high.*What 2\.2 asks.*2\.2/s);
    expect(await bench.textContent()).toContain('docker_daemon:');
    expect(await bench.textContent()).toContain('Docker restarts');
    expect(await page.locator('.tile.high').first().textContent()).toMatch(/^\d+high$/);
    expect(await page.getByText('Not run, and so not passed: there is no lynis command').count()).toBe(1);
    expect(await page.getByText('web2: connection refused.').count()).toBeGreaterThan(0);
    const declined = page.locator('details', { hasText: 'Declined, with the reason (1)' });
    expect(await declined.textContent()).toContain('a partition of its own needs a disk');
  });

  test('hostile names are shown, and do nothing', async () => {
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).not.toBe('run');
    expect(await page.locator('.finding code').first().isVisible()).toBe(true);
    expect(await page.getByText('onerror=').count()).toBeGreaterThan(0);
  });

  test.each([
    ['a desk', 1100, 'light'],
    ['a phone', 360, 'light'],
    ['a phone in the dark', 360, 'dark'],
  ] as const)('it fits %s', async (_name, width, colorScheme) => {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme, media: 'screen' });
    const [wide, background] = await page.evaluate<[number, string]>(
      '[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]',
    );
    expect(wide).toBeLessThanOrEqual(width);
    expect(background).toBe(colorScheme === 'dark' ? 'rgb(15, 19, 24)' : 'rgb(255, 255, 255)');
    expect(await drawn()).toBeGreaterThan(0.02);
  });

  test('it prints', async () => {
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  });
});
