// Make one of the kept frames as tall as its content.
const [number, height] = arguments;
const frame = kept.frames[number];
growFrame(frame, height);
growAround(frame);
return nameOf(frame);
