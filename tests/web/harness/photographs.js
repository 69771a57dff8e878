/** Landscapes that look like photographs, painted point by point: noise of several scales, haze, light, grain of the film. */

/** @typedef {[number, number, number]} Colour red, green and blue, from 0 to 1 */
/** @typedef {(x: number, y: number) => Colour} Scene the colour of a point; `x` from 0 to 1.5, `y` from 0 at the top to 1 */

const clamp = (/** @type {number} */ value, low = 0, high = 1) => Math.min(high, Math.max(low, value));
const smooth = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ value) => {
  const t = clamp((value - from) / (to - from));
  return t * t * (3 - 2 * t);
};
/** @returns {Colour} */
const mix = (/** @type {Colour} */ one, /** @type {Colour} */ other, /** @type {number} */ share) => [
  one[0] + (other[0] - one[0]) * share,
  one[1] + (other[1] - one[1]) * share,
  one[2] + (other[2] - one[2]) * share,
];
/** @returns {Colour} */
const lit = (/** @type {Colour} */ colour, /** @type {Colour} */ light, /** @type {number} */ amount) => [
  colour[0] + light[0] * amount,
  colour[1] + light[1] * amount,
  colour[2] + light[2] * amount,
];

/** A number from 0 to 1 that looks like chance, always the same for the same point. */
function chance(/** @type {number} */ x, /** @type {number} */ y) {
  let hash = Math.imul(x | 0, 0x27d4eb2d) ^ Math.imul(y | 0, 0x165667b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Smooth noise from 0 to 1, with one bump per unit. */
function noise(/** @type {number} */ x, /** @type {number} */ y) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [smooth(0, 1, x - left), smooth(0, 1, y - top)];
  const upper = chance(left, top) * (1 - u) + chance(left + 1, top) * u;
  const lower = chance(left, top + 1) * (1 - u) + chance(left + 1, top + 1) * u;
  return upper * (1 - v) + lower * v;
}

/** Noise of several scales on top of each other, from 0 to 1. */
function fractal(/** @type {number} */ x, /** @type {number} */ y, octaves = 5) {
  let [sum, weight, total] = [0, 1, 0];
  for (let octave = 0; octave < octaves; octave += 1) {
    sum += weight * noise(x + 17 * octave, y + 31 * octave);
    total += weight;
    weight /= 2;
    x *= 2.03;
    y *= 2.03;
  }
  return sum / total;
}

/** The same with sharp crests, as mountains have. */
function ridges(/** @type {number} */ x, /** @type {number} */ y, octaves = 6) {
  let [sum, weight, total] = [0, 1, 0];
  for (let octave = 0; octave < octaves; octave += 1) {
    sum += weight * (1 - Math.abs(2 * noise(x + 13 * octave, y + 7 * octave) - 1));
    total += weight;
    weight *= 0.48;
    x *= 2.1;
    y *= 2.1;
  }
  return sum / total;
}

/** The outline of a row of firs: how high they stand at a place. */
function firs(/** @type {number} */ x, /** @type {number} */ width, /** @type {number} */ seed) {
  let height = 0;
  for (const offset of [0, 0.5]) {
    const at = x / width + offset;
    const tree = Math.floor(at);
    const tall = 0.45 + 0.55 * chance(tree, seed + 10 * offset);
    const aside = Math.abs(at - tree - 0.5 + 0.3 * (chance(tree, seed + 1) - 0.5));
    const twigs = 0.12 * noise((at * 37) % 997, tall * 41 + aside * 90);
    height = Math.max(height, tall * (1 - 2.6 * aside) - twigs * Math.min(1, aside * 9));
  }
  return Math.max(0, height);
}

const SUN = { x: 1.02, y: 0.47 };

/** @type {Scene} */
function duskSky(x, y) {
  const away = Math.hypot(x - SUN.x, (y - SUN.y) * 1.5);
  let colour = mix([0.16, 0.19, 0.38], [0.98, 0.55, 0.3], smooth(0, 0.52, y) ** 1.6);
  colour = mix(colour, [0.62, 0.33, 0.42], 0.7 * smooth(0.1, 0.36, y) * (1 - smooth(0.36, 0.5, y)));
  const clouds = smooth(0.47, 0.72, fractal(x * 2.2 + 3, y * 9 + 0.6 * fractal(x * 3, y * 3)));
  const glow = Math.exp(-3.2 * away);
  colour = mix(
    colour,
    mix([0.3, 0.24, 0.36], [1, 0.6, 0.36], clamp(0.15 + 1.1 * glow + 0.5 * y)),
    0.75 * clouds * (1 - smooth(0.4, 0.5, y)),
  );
  colour = lit(colour, [1, 0.62, 0.25], 0.75 * Math.exp(-6 * away));
  return lit(colour, [1, 0.95, 0.75], 1.6 * (1 - smooth(0.028, 0.034, Math.hypot(x - SUN.x, y - SUN.y))));
}

/** @type {Scene} */
function bayAtDusk(x, y) {
  const horizon = 0.5;
  /** @type {Colour} */
  let colour;
  if (y < horizon) {
    colour = duskSky(x, y);
    for (const [layer, depth] of [0, 1, 2].entries()) {
      const outline =
        horizon -
        (0.035 + 0.05 * depth) *
          smooth(0.2, 1, fractal(x * (2.4 - 0.5 * depth) + 9.3 * layer, 4 + depth, 6)) *
          smooth(1.1 - 0.15 * depth, 0.2, x) *
          2;
      if (y > outline) colour = mix([0.5, 0.29, 0.33], [0.1, 0.09, 0.15], 0.25 + 0.33 * depth + 0.1 * noise(x * 60, y * 90));
    }
    return colour;
  }
  const far = y - horizon;
  const wave = fractal((x * 7) / (far + 0.06), 2.6 / (far + 0.03), 4) - 0.5;
  colour = duskSky(clamp(x + 0.16 * wave, 0, 1.5), clamp(horizon - far * 0.75 - 0.16 * wave, 0, horizon - 0.002));
  colour = mix(colour, [0.13, 0.14, 0.25], 0.3 + 0.5 * smooth(0, 0.5, far));
  const path = Math.exp(-(((x - SUN.x) / (0.035 + 0.22 * far)) ** 2));
  colour = lit(colour, [1, 0.62, 0.3], path * smooth(0.08, 0.3, wave + 0.12) * (1.15 - far));
  const shore = 0.93 + 0.05 * fractal(x * 3, 8) - 0.05 * x;
  if (y > shore) colour = mix([0.06, 0.05, 0.08], [0.16, 0.12, 0.12], fractal(x * 40, y * 70));
  return colour;
}

/** @type {Scene} */
function pineForest(x, y) {
  let colour = mix([0.78, 0.84, 0.84], [0.93, 0.92, 0.85], smooth(0, 0.6, y));
  colour = lit(colour, [1, 0.93, 0.72], 0.35 * Math.exp(-5 * Math.hypot(x - 0.5, y - 0.14)));
  for (let layer = 0; layer < 6; layer += 1) {
    const near = layer / 5;
    const ground = 0.36 + 0.11 * layer + (0.16 - 0.1 * near) * (fractal(x * 1.5 + 7 * layer, layer + 3) - 0.5);
    const top = ground - (0.07 + 0.24 * near ** 1.4) * firs(x + 0.37 * layer, 0.022 + 0.062 * near ** 1.3, 5 + layer);
    if (y < top) continue;
    const needles = fractal(x * (90 - 30 * near), y * (110 - 40 * near), 3);
    const tree = mix([0.01, 0.045, 0.04], [0.12, 0.22, 0.13], needles * (0.4 + 0.6 * near));
    const mist =
      (1 - near) ** 0.9 * 0.94 +
      0.35 * smooth(0, 0.3, y - ground) * (1 - near) +
      0.1 * (fractal(x * 2, y * 5) - 0.5) * (1 - near);
    colour = mix(tree, mix([0.72, 0.79, 0.79], [0.95, 0.92, 0.84], Math.exp(-3 * Math.abs(x - 0.5))), clamp(mist, 0, 0.95));
  }
  return colour;
}

/** Lamps of a harbour: where they are, how large, and in which colour. */
const LAMPS = Array.from({ length: 46 }, (_, lamp) => {
  const warm = chance(lamp, 3);
  const colour = /** @type {Colour} */ (
    warm < 0.62
      ? [1, 0.68, 0.28]
      : warm < 0.78
        ? [1, 0.9, 0.7]
        : warm < 0.87
          ? [1, 0.22, 0.16]
          : warm < 0.94
            ? [0.25, 0.85, 0.65]
            : [0.4, 0.6, 1]
  );
  return {
    x: 1.5 * chance(lamp, 1),
    y: 0.52 - 0.16 * chance(lamp, 2) ** 2.2,
    radius: 0.008 + 0.026 * chance(lamp, 4) ** 2,
    colour,
  };
});

/** @type {Scene} */
function harbour(x, y) {
  const shore = 0.55;
  let colour = mix([0.02, 0.05, 0.15], [0.26, 0.24, 0.38], smooth(0, 0.5, y));
  colour = mix(colour, [0.52, 0.33, 0.34], 0.5 * smooth(0.3, 0.55, y));
  colour = mix(colour, [0.04, 0.06, 0.14], 0.6 * smooth(0.45, 0.7, fractal(x * 2, y * 5)) * (1 - y));
  const house = Math.floor(x * 22);
  const roof = shore - 0.05 - 0.13 * chance(house, 9) ** 1.5 - 0.06 * smooth(0.5, 1, fractal(x * 1.2, 3));
  if (y > roof && y <= shore) colour = mix([0.05, 0.055, 0.11], [0.16, 0.13, 0.18], 0.7 * fractal(x * 30, y * 30));
  const far = Math.max(0, y - shore);
  const wave = far > 0 ? fractal((x * 4) / (far + 0.05), 2.4 / (far + 0.025), 4) - 0.5 : 0;
  if (far > 0) colour = mix([0.16, 0.14, 0.25], [0.015, 0.03, 0.08], smooth(0, 0.35, far) - 0.5 * wave);
  for (const lamp of LAMPS) {
    const aside = x - lamp.x;
    if (Math.abs(aside) > 0.16) continue;
    const away = Math.hypot(aside, y - lamp.y);
    const disc = 1 - smooth(lamp.radius * 0.9, lamp.radius, away);
    const rim = smooth(lamp.radius * 0.6, lamp.radius * 0.93, away) * disc;
    colour = lit(colour, lamp.colour, 0.55 * disc + 0.3 * rim + 0.16 * Math.exp(-away * 26));
    if (far === 0) continue;
    const width = lamp.radius * (0.9 + 2.5 * far);
    const streak = Math.exp(-(((aside + 0.05 * wave) / width) ** 2)) * smooth(-0.16, 0.2, wave) * Math.exp(-3.2 * far);
    colour = lit(colour, lamp.colour, 0.85 * streak);
  }
  return colour;
}

/** @type {Scene} */
function dunes(x, y) {
  let colour = mix([0.19, 0.42, 0.74], [0.85, 0.87, 0.86], smooth(0, 0.42, y));
  for (let layer = 0; layer < 5; layer += 1) {
    const near = layer / 4;
    const crest = 0.36 + 0.12 * layer + (0.1 + 0.1 * near) * (noise(x * (1.9 - near) + 5.1 * layer, 2 + layer) - 0.5) * 2;
    if (y < crest) continue;
    const edge =
      noise(x * (1.9 - near) + 5.1 * layer + 0.02, 2 + layer) - noise(x * (1.9 - near) + 5.1 * layer - 0.02, 2 + layer);
    const below = y - crest;
    const shade = smooth(-0.02, 0.03, edge + 0.24 * below - 0.02 + 0.02 * (noise(x * 8, y * 8) - 0.5));
    const ripples = 0.5 + 0.5 * Math.sin((y * 160 + 26 * fractal(x * 5, y * 5, 3)) * (1.5 - near));
    let sand = mix([0.36, 0.2, 0.14], [0.93, 0.66, 0.4], clamp(0.12 + 0.83 * shade));
    sand = lit(sand, [1, 0.8, 0.6], (0.06 * ripples - 0.03) * (0.3 + near) + 0.05 * (fractal(x * 90, y * 90, 3) - 0.5));
    colour = mix(sand, [0.86, 0.78, 0.7], 0.55 * (1 - near) ** 1.6);
  }
  return colour;
}

/** @type {Scene} */
function northernLights(x, y) {
  let colour = mix([0.01, 0.02, 0.07], [0.05, 0.13, 0.19], smooth(0, 0.75, y));
  const cell = [Math.floor(x * 260), Math.floor(y * 260)];
  const star = chance(Number(cell[0]), Number(cell[1]));
  if (star > 0.994) colour = lit(colour, [0.9, 0.95, 1], 0.8 * ((star - 0.994) / 0.006) ** 2);
  for (const [curtain, from] of [0.34, 0.5, 0.24].entries()) {
    const foot = from + 0.2 * (fractal(x * 1.6 + 7 * curtain, curtain, 3) - 0.5) + 0.16 * Math.sin(2.2 * x + 2 * curtain);
    const above = foot - y;
    const rays = 0.45 + 0.75 * noise(x * 38 + 4 * fractal(x * 4, curtain), curtain * 9 + y);
    const strength = smooth(-0.015, 0.02, above) * Math.exp(-above * 6.2) * rays * (0.35 + fractal(x * 2.4 + curtain * 5, 8));
    if (above > -0.02)
      colour = lit(colour, mix([0.12, 0.95, 0.5], [0.55, 0.22, 0.7], smooth(0.05, 0.34, above)), 0.78 * strength);
  }
  const ridge = 0.78 - 0.2 * ridges(x * 1.5 + 4, 6, 6) * (0.5 + 0.5 * noise(x * 2, 4));
  if (y > ridge) {
    const snow = smooth(0.5, 0.75, ridges(x * 7, y * 9 - x, 5)) * smooth(0.9, 0.6, y);
    colour = mix([0.015, 0.03, 0.045], [0.2, 0.38, 0.38], 0.6 * snow);
  }
  if (y > 0.86 - 0.07 * firs(x, 0.024, 77)) colour = [0.008, 0.014, 0.02];
  return colour;
}

/**
 * Another part of the same scene.
 * @param {Scene} scene
 * @param {number} aside
 * @returns {Scene}
 */
const further = (scene, aside) => (x, y) => scene(x + aside, y);

/** @type {Readonly<Record<string, Scene>>} */
const SCENES = {
  "Bay at dusk": bayAtDusk,
  Dunes: dunes,
  Harbour: harbour,
  "Northern lights": northernLights,
  "Pine forest": pineForest,
  "Polar night": further(northernLights, 4.6),
  "Morning mist": further(pineForest, 3.3),
};

/**
 * JPEG files of all scenes, by name.
 * @param {import("playwright-core").Page} page whose browser compresses them
 * @param {number} height in pixels; the width is half as much again
 */
export async function photographs(page, height) {
  const width = Math.round(1.5 * height);
  /** @type {Record<string, Buffer>} */
  const files = {};
  for (const [name, scene] of Object.entries(SCENES)) {
    const points = Buffer.alloc(4 * width * height, 255);
    for (let row = 0, at = 0; row < height; row += 1)
      for (let column = 0; column < width; column += 1, at += 4) developed(scene, column / height, row / height, points, at);
    const jpeg = await page.evaluate(compressed, { base64: points.toString("base64"), width, height });
    files[`${name}.jpg`] = Buffer.from(jpeg, "base64");
  }
  return files;
}

/** A point as a lens and a film give it: darker corners, grain. */
function developed(
  /** @type {Scene} */ scene,
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {Buffer} */ points,
  /** @type {number} */ at,
) {
  const corner = 1 - 0.34 * smooth(0.45, 1, Math.hypot(x - 0.75, y - 0.5));
  const grain = (chance(at, 1) + chance(at, 2) + chance(at, 3) - 1.5) * 0.035;
  for (const [part, value] of scene(x, y).entries()) points[at + part] = Math.round(255 * clamp(value * corner + grain));
}

/** In a browser. @param {{ base64: string, width: number, height: number }} picture */
async function compressed({ base64, width, height }) {
  const points = Uint8ClampedArray.from(atob(base64), (letter) => letter.charCodeAt(0));
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")?.putImageData(new ImageData(points, width, height), 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.86 })).arrayBuffer());
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}
