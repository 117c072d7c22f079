// A rectangle of a picture. The #version line comes from PictureRenderer: 100, 300 es or 330 core.
#if __VERSION__ == 100
#define in attribute
#define out varying
#endif

in vec2 corner;      // of the unit square
uniform vec4 place;  // where its first corner is in clip coordinates, and how far the opposite one is from it
out vec2 texel;

void main()
{
    texel = corner;
    gl_Position = vec4(place.xy + corner * place.zw, 0.0, 1.0);
}
