// Finishes all animations that end, and returns how many pictures in the view are still loading.
let pending = 0;
for (const animation of document.getAnimations()) {
  const end = animation.effect?.getComputedTiming().endTime;
  if (typeof end === 'number' && Number.isFinite(end)) animation.finish();
}
for (const image of document.images) {
  const { top, bottom } = boxOf(image);
  pending += bottom > 0 && top < window.innerHeight && !image.complete && isShown(image);
}
return pending;
