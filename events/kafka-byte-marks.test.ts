/** What is known of the sizes of records, and what is taken for granted where nothing is. */
import { describe, expect, it } from 'vitest';
import { limits } from '../runtime/limits.js';
import { ByteMarks } from './kafka-byte-marks.js';

describe('byte marks', () => {
  it('count exactly what was noted, from its first offset', () => {
    const marks = new ByteMarks(() => 0);
    let total = 0;
    for (let i = 0; i < 500; i++) {
      marks.note(2 * i, 2, 1000 + i);
      total += 1000 + i;
    }
    expect(marks.between(0, 1000)).toBe(total);
    expect(marks.between(1000, 1000)).toBe(0);
    expect(Math.abs(marks.between(500, 1000) - (250 * 1000 + (500 * 499 - 250 * 249) / 2))).toBeLessThan(
      2 * limits.kafkaByteMarkBytes,
    );
  });

  it('take what others appended for like the rest', () => {
    const marks = new ByteMarks(() => 7);
    expect(marks.between(10, 20)).toBe(70);
    marks.note(100, 1, 50);
    expect(marks.between(0, 200)).toBe(200 * 50);
    marks.note(150, 1, 50);
    expect(marks.between(100, 151)).toBe(51 * 50);
  });

  it('never fall as the offset falls, also after most marks were dropped', () => {
    const marks = new ByteMarks(() => 0);
    const count = 3 * limits.kafkaByteMarksMax;
    for (let i = 0; i < count; i++) marks.note(3 * i, 2, limits.kafkaByteMarkBytes * (1 + (i % 3)));
    let before = 0;
    for (let offset = 3 * count; offset >= 0; offset -= 7) {
      const left = marks.between(offset, 3 * count);
      expect(left).toBeGreaterThanOrEqual(before);
      before = left;
    }
  });

  it('know a record that is noted twice only once', () => {
    const marks = new ByteMarks(() => 0);
    marks.note(0, 10, 1000);
    marks.note(0, 10, 1000);
    marks.note(5, 10, 1000);
    expect(marks.between(0, 15)).toBe(1500);
  });
});
