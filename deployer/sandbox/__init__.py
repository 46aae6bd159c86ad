"""A local AWS, faithful for what this project uses: moto, mended where it says yes to things it never did."""
